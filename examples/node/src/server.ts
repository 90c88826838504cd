import express from "express";
import { readFileSync } from "node:fs";
import path from "node:path";
import { books } from "./books";

const root = path.join(__dirname, "..");
const page = readFileSync(path.join(root, "views", "index.html"), "utf8");
const port = Number(process.env.PORT ?? 3000);

const app = express();
app.use("/static", express.static(path.join(root, "public")));

app.get("/", (_req, res) => {
  const rows = books.map((book) => `<li>${book.title}, by ${book.author}</li>`).join("\n");
  res.type("html").send(page.replace("{{books}}", rows));
});
app.get("/books", (_req, res) => {
  res.json(books);
});
app.get("/health", (_req, res) => {
  res.send("ok");
});

const server = app.listen(port, () => {
  console.log(`listening on ${port}`);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => server.close(() => process.exit(0)));
}
