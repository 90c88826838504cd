FROM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /app
# go-offline does not find every plugin's own dependencies; what it misses, the cache mount keeps all the same.
COPY pom.xml .
RUN --mount=type=cache,target=/root/.m2/repository,sharing=locked mvn -B dependency:go-offline
COPY src ./src
RUN --mount=type=cache,target=/root/.m2/repository,sharing=locked mvn -B package

FROM eclipse-temurin:17-jre
WORKDIR /app
COPY --from=build /app/target/ferry.jar ./ferry.jar
# Reads its jar and writes nothing: a number is account enough.
USER 10001:10001
EXPOSE 8080
CMD ["java", "-jar", "ferry.jar"]
