# The relay as an image. Build: docker build -t thicket .   Run: docker run -p 8765:8765 -v thicket-data:/data thicket
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY lib lib
COPY adapters adapters
COPY relay relay
RUN npx tsc -b relay && npm prune --omit=dev

FROM node:22-slim
ENV NODE_ENV=production PORT=8765 THICKET_DATA=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8765
# `--https-key` moves the relay to https, where this check has to be replaced.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "dist/relay/bin.js"]
