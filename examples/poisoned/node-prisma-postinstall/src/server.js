const { createServer } = require("node:http");
const { PrismaClient } = require("@prisma/client");

const db = new PrismaClient();

createServer(async (_request, response) => {
  response.end(JSON.stringify(await db.order.findMany()));
}).listen(3000);
