FROM rust:1-slim-bookworm AS build
WORKDIR /app
# The dependencies, compiled once for an empty program; again only where a manifest changes.
COPY Cargo.toml Cargo.lock ./
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    mkdir src && echo 'fn main() {}' > src/main.rs && cargo build --release --locked && rm -r src
COPY src ./src
# Cargo goes by modification times: the real main.rs must be newer than the empty one.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    touch src/main.rs && cargo build --release --locked

FROM gcr.io/distroless/cc-debian12:nonroot
WORKDIR /app
COPY --from=build /app/target/release/almanac ./almanac
# Read when the service starts.
COPY data ./data
USER 65532:65532
EXPOSE 8080
CMD ["./almanac"]
