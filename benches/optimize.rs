//! The whole pipeline on one Dockerfile: the aim is 100 µs where nothing changes, 1 ms where it is rewritten.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dockwright::context::Nothing;
use dockwright::pipeline::{self, Choice};
use dockwright::transform::Settings;
use dockwright::transforms::ALL;

/// As it is when nothing is left to improve.
const FINE: &str = r#"# syntax=docker/dockerfile:1
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /app
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build --chown=node:node /app/node_modules ./node_modules
COPY --from=build --chown=node:node /app/dist ./dist
USER node
EXPOSE 8080
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/server.js"]
"#;

/// As a busy developer writes it.
const NAIVE: &str = r#"FROM python:3.12
WORKDIR /app
COPY . .
RUN apt-get update
# for psycopg2
RUN apt-get install -y libpq-dev gcc \
    git
RUN pip install -r requirements.txt
RUN useradd app && mkdir -p /data && chown -R app /data
EXPOSE 8000
CMD gunicorn -b 0.0.0.0:8000 app:app
"#;

fn optimize(c: &mut Criterion) {
    let (settings, choice) = (Settings::default(), Choice::default());
    let mut group = c.benchmark_group("optimize");
    for (name, text) in [("nothing to improve", FINE), ("rewritten", NAIVE)] {
        let changes = pipeline::run(text, ALL, &Nothing, &settings, &choice).expect("it settles").steps.len();
        assert_eq!(changes == 0, text == FINE, "{name}");
        group.bench_function(name, |b| b.iter(|| pipeline::run(black_box(text), ALL, &Nothing, &settings, &choice)));
    }
    group.finish();
}

criterion_group!(benches, optimize);
criterion_main!(benches);
