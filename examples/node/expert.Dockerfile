FROM node:20-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

# Compiles with the development dependencies.
FROM base AS build
RUN --mount=type=cache,target=/root/.npm npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

# What the service needs when it runs.
FROM base AS deps
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=deps /app/node_modules ./node_modules
COPY package.json ./
COPY public ./public
COPY views ./views
COPY --from=build /app/dist ./dist
# The image's own account "node".
USER 1000:1000
EXPOSE 3000
CMD ["node", "dist/server.js"]
