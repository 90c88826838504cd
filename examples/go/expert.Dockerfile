FROM golang:1.24 AS build
WORKDIR /src
COPY go.mod ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY assets ./assets
COPY *.go ./
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /departures .

FROM gcr.io/distroless/static-debian12:nonroot
WORKDIR /app
COPY --from=build /departures ./departures
# Read when the service starts.
COPY templates ./templates
USER 65532:65532
EXPOSE 8080
CMD ["./departures"]
