# One for each day, in turn.
module Quotes
  ALL = [
    "Measure twice, cut once.",
    "Slow is smooth, smooth is fast.",
    "The sea refuses no river.",
  ].freeze

  def self.of(day)
    ALL[day % ALL.size]
  end
end
