# syntax=docker/dockerfile:1

# All dependencies and the compiled sources, with the simulated phone and model: the compose file's simulator runs from here.
FROM node:24-bookworm-slim AS dev
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY scripts ./scripts
RUN npm run build
COPY config ./config
COPY fixtures ./fixtures
COPY sounds ./sounds
USER node
EXPOSE 8090
ENTRYPOINT ["node", "--max-semi-space-size=4", "dist/cli/main.js"]
CMD ["simulate", "--host", "0.0.0.0", "--port", "8090"]

# What the service needs to run, without the simulated phone and model.
FROM node:24-bookworm-slim AS production-parts
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY --from=dev /app/dist ./dist
RUN rm -rf dist/simulator dist/cli/simulate.* dist/cli/simulated-model.* dist/cli/call.* dist/cli/place.* dist/cli/demo.*

FROM node:24-bookworm-slim AS production
ENV NODE_ENV=production \
    PORT=8080 \
    DATA_DIR=/data
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=production-parts /app ./
COPY config ./config
COPY sounds ./sounds
USER node
VOLUME /data
EXPOSE 8080
# Running calls finish within the grace time of `serve`; the orchestrator must wait longer than that.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "dist/cli/main.js"]
CMD ["serve"]
