# syntax=docker/dockerfile:1
# Targets: `api` (without TensorFlow), `worker` (CPU), `worker-gpu` (CUDA build of TensorFlow; untested on a GPU).

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The Node and Postgres that come as optional packages are for machines without a container.
RUN npm ci --omit=optional
COPY . .
RUN npx prisma generate

FROM packages AS api-packages
RUN npm prune --omit=dev --omit=optional && rm -rf node_modules/@tensorflow node_modules/onnxruntime-node

FROM packages AS worker-packages
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip g++ binutils \
  && rm -rf /var/lib/apt/lists/*
ENV DISTILLERY_CACHE_DIR=/opt/distillery
RUN node scripts/run.js setup tensorflow && npm prune --omit=dev --omit=optional

FROM packages AS worker-gpu-packages
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip g++ binutils \
  && rm -rf /var/lib/apt/lists/*
ENV DISTILLERY_CACHE_DIR=/opt/distillery DISTILLERY_DEVICE=gpu
RUN node scripts/run.js setup tensorflow && npm prune --omit=dev --omit=optional

FROM node:24-bookworm-slim AS runtime
WORKDIR /app
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.data/compile-cache
RUN mkdir -p /app/.data && chown node:node /app/.data
STOPSIGNAL SIGTERM

FROM runtime AS api
COPY --from=api-packages /app /app
USER node
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/live').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=1", "--max-old-space-size=512", "src/server.ts"]

FROM runtime AS worker
COPY --from=worker-packages /opt/distillery /opt/distillery
COPY --from=worker-packages /app /app
USER node
CMD ["node", "--max-semi-space-size=1", "--max-old-space-size=512", "workers/main.ts"]

FROM runtime AS worker-gpu
COPY --from=worker-gpu-packages /opt/distillery /opt/distillery
COPY --from=worker-gpu-packages /app /app
USER node
ENV DISTILLERY_DEVICE=gpu
CMD ["node", "--max-semi-space-size=1", "--max-old-space-size=512", "workers/main.ts"]
