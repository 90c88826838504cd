const { createServer } = require("node:http");
const greet = require("@shop/greet");
const ms = require("ms");

createServer((_request, response) => response.end(`${greet("shop")}, up for ${ms(process.uptime() * 1000)}\n`)).listen(3000);
