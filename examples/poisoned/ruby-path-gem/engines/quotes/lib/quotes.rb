module Quotes
  def self.first = "Measure twice, cut once."
end
