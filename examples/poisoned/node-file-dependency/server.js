const { createServer } = require("node:http");
const greet = require("greet");

createServer((_request, response) => response.end(`${greet("world")}\n`)).listen(3000);
