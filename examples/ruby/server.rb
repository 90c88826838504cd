# A quote of the day over HTTP, on a socket of the standard library.
require "erb"
require "socket"
require_relative "lib/quotes"

PAGE = ERB.new(File.read(File.join(__dir__, "views", "quote.erb")))

def answer(path)
  case path
  when "/" then ["200 OK", PAGE.result_with_hash(quote: Quotes.of(Time.now.yday))]
  when "/health" then ["200 OK", "ok\n"]
  else ["404 Not Found", "not found\n"]
  end
end

server = TCPServer.new("0.0.0.0", Integer(ENV.fetch("PORT", "4567")))
%w[TERM INT].each { |signal| trap(signal) { exit } }
$stdout.sync = true
puts "listening on #{server.addr[1]}"

loop do
  Thread.new(server.accept) do |client|
    _method, path, = client.gets.to_s.split
    while (line = client.gets) && line != "\r\n"; end
    status, body = answer(path)
    client.write "HTTP/1.1 #{status}\r\nContent-Type: text/html; charset=utf-8\r\n" \
                 "Content-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}"
  rescue SystemCallError
    # The client went away.
  ensure
    client.close
  end
end
