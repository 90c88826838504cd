//! How fast Dockerfiles are read: an ordinary file of three stages, and one RUN of a megabyte.
#![allow(missing_docs, reason = "criterion's macros write the functions")]

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dockwright::dockerfile::Document;

/// Comments, continuations, flags, pairs, JSON and a here-document, as people write them.
const STAGE: &str = "\
# The stage that builds.
FROM --platform=$BUILDPLATFORM docker.io/library/node:22-bookworm-slim AS build
ARG VERSION=1.2.3 REVISION
ENV NODE_ENV=production \\
    PATH=\"/app/node_modules/.bin:$PATH\"
WORKDIR /app
COPY --link package.json package-lock.json ./
# hadolint ignore=DL3008
RUN --mount=type=cache,target=/root/.npm \\
    apt-get update \\
    # curl is for the health check
    && apt-get install -y --no-install-recommends ca-certificates curl git \\
    && rm -rf /var/lib/apt/lists/* \\
    && npm ci
COPY . .
RUN <<EOF
set -eux
npm run build
npm prune --omit=dev
EOF
EXPOSE 8080/tcp
HEALTHCHECK --interval=30s CMD curl -fsS http://localhost:8080/ || exit 1
USER 1000:1000
ENTRYPOINT [\"node\", \"--enable-source-maps\"]
CMD [\"dist/server.js\"]

";

fn parse(criterion: &mut Criterion) {
    let mut run = String::from("FROM scratch\nRUN true");
    for index in 0..20_000 {
        write!(run, " \\\n    # why\n    && install --mode 0644 file-{index} /usr/share/x")
            .expect("a string takes all");
    }
    let mut group = criterion.benchmark_group("parse");
    for (name, text) in [("stages", STAGE.repeat(3)), ("one RUN", run)] {
        let text: Arc<str> = text.into();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| Document::parse(black_box(Arc::clone(&text)))));
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
