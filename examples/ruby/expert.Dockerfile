FROM ruby:3.3-slim AS base
ENV BUNDLE_DEPLOYMENT=1 \
    BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test
WORKDIR /app

# Gems with native extensions need a compiler, the service does not.
FROM base AS gems
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/*
COPY Gemfile Gemfile.lock ./
RUN bundle install \
 && rm -rf /root/.bundle/cache "$BUNDLE_PATH"/ruby/*/cache

FROM base
RUN useradd --no-log-init --uid 10001 --user-group --create-home --shell /usr/sbin/nologin app
COPY --from=gems /usr/local/bundle /usr/local/bundle
COPY Gemfile Gemfile.lock ./
COPY server.rb ./
COPY lib ./lib
COPY views ./views
USER 10001:10001
EXPOSE 4567
CMD ["bundle", "exec", "ruby", "server.rb"]
