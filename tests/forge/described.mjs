// Stands between the program and the forge that a test plays, and holds each request against GitHub's own descriptions:
// Prism with the OpenAPI of the REST API, and the schema of GraphQL. What is wrong is answered to GET /violations.
//
// node described.mjs MODULES FORGE: prints the address it listens at. The answers of the played forge have only what is
// read of them, so what Prism says of answers is left out.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync, writeFileSync, mkdtempSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [modules, forge] = process.argv.slice(2);
const require = createRequire(join(modules, "node_modules/"));
const { buildSchema, parse, validate } = require("graphql");
// It has a field twice, which does no harm.
const schema = buildSchema(readFileSync(join(modules, "node_modules/@octokit/graphql-schema/schema.graphql"), "utf8"), {
  assumeValid: true, assumeValidSDL: true,
});
const all = JSON.parse(readFileSync(join(modules, "node_modules/@octokit/openapi/generated/api.github.com.json")));

// Only what is used, with what that refers to: Prism takes minutes for all of it.
const used = [
  "/orgs/{org}/repos", "/users/{username}/repos", "/orgs/{org}/installation", "/users/{username}/installation",
  "/app/installations/{installation_id}/access_tokens", "/repos/{owner}/{repo}/git/trees/{tree_sha}",
  "/repos/{owner}/{repo}/git/trees", "/repos/{owner}/{repo}/git/blobs/{file_sha}", "/repos/{owner}/{repo}/git/commits",
  "/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/pulls/{pull_number}",
  "/repos/{owner}/{repo}/pulls/{pull_number}/files", "/repos/{owner}/{repo}/contents/{path}",
  "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}",
];
const spec = { ...all, paths: {}, components: {}, webhooks: undefined, "x-webhooks": undefined };
delete spec.webhooks;
delete spec["x-webhooks"];
const take = (value) => {
  if (Array.isArray(value)) return value.forEach(take);
  if (value === null || typeof value !== "object") return;
  if (typeof value.$ref === "string") {
    const [, , kind, name] = value.$ref.split("/");
    spec.components[kind] ??= {};
    if (!(name in spec.components[kind])) {
      spec.components[kind][name] = all.components[kind][name];
      take(all.components[kind][name]);
    }
  }
  Object.values(value).forEach(take);
};
for (const path of used) {
  if (!(path in all.paths)) throw new Error(`GitHub describes no ${path}`);
  spec.paths[path] = all.paths[path];
  take(all.paths[path]);
}
const file = join(mkdtempSync(join(tmpdir(), "prism-")), "github.json");
writeFileSync(file, JSON.stringify(spec));

const port = 20000 + (process.pid % 20000);
const bin = join(modules, "node_modules/@stoplight/prism-cli/dist/index.js");
const prism = spawn(process.execPath, [bin, "proxy", file, forge, "--port", String(port), "--verboseLevel", "warn"], {
  stdio: ["ignore", "pipe", "inherit"],
});
process.on("exit", () => prism.kill());
process.stdin.on("end", () => process.exit()).resume();

const violations = [];
const counted = { rest: 0, graphql: 0 };
const server = createServer((asked, answer) => {
  if (asked.url === "/violations") return answer.end(JSON.stringify({ violations, counted }));
  const chunks = [];
  asked.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
    const body = Buffer.concat(chunks);
    let to = `http://127.0.0.1:${port}`;
    if (asked.url === "/graphql") {
      to = forge;
      counted.graphql += 1;
      for (const error of validate(schema, parse(JSON.parse(body).query))) violations.push(`GraphQL: ${error.message}`);
    } else counted.rest += 1;
    const forward = request(to + asked.url, { method: asked.method, headers: { ...asked.headers, connection: "close" } }, (got) => {
      for (const it of JSON.parse(got.headers["sl-violations"] ?? "[]")) {
        if (it.location?.[0] === "request") violations.push(`${asked.method} ${asked.url}: ${it.location.join(".")}: ${it.message}`);
      }
      answer.writeHead(got.statusCode, Object.fromEntries(Object.entries(got.headers).filter(([name]) => name !== "transfer-encoding")));
      got.pipe(answer);
    });
    forward.on("error", (error) => { violations.push(String(error)); answer.writeHead(502).end(); });
    forward.end(body);
  });
});

const ready = () => {
  const probe = request({ port, host: "127.0.0.1", path: "/none" }, (got) => {
    got.resume();
    server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
  });
  probe.on("error", () => setTimeout(ready, 200)).end();
};
prism.stdout.resume();
ready();
