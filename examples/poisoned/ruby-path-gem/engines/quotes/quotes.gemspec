Gem::Specification.new do |spec|
  spec.name = "quotes"
  spec.version = "0.1.0"
  spec.summary = "Quotes"
  spec.authors = ["The authors"]
  spec.files = Dir["lib/**/*.rb"]
end
