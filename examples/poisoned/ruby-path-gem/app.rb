require "quotes"

puts Quotes.first
