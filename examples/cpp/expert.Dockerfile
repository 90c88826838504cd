FROM ubuntu:22.04 AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends cmake g++ libsqlite3-dev make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY CMakeLists.txt ./
COPY src ./src
RUN cmake -S . -B build -DCMAKE_BUILD_TYPE=Release \
 && cmake --build build \
 && cmake --install build --prefix /out --strip

FROM ubuntu:22.04
# The libraries that the binary is linked with.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libsqlite3-0 libstdc++6 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/bin/counter /usr/local/bin/counter
USER 10001:10001
EXPOSE 8080
CMD ["counter"]
