# The image of Tollgate. docs/operations.md says how to build and run it; test/deploy holds this file to its promises.

# Fetches what runs: production packages and the pinned Node.js, which is one of them. npm, and the Node.js that npm runs
# on, stay in this stage.
FROM node:24.11.1-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Of the packages' own scripts only that of "node" is run: it puts the pinned Node.js in its place.
RUN npm ci --omit=dev --ignore-scripts \
    && npm rebuild node \
    && cp node_modules/node/bin/node /usr/local/bin/pinned-node \
    && rm -rf node_modules/node node_modules/.bin

FROM debian:12.11-slim AS runtime
# The pinned Node.js needs libatomic, which Debian's slim image lacks.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libatomic1 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
    && install -d -m 0700 -o 65532 -g 65532 /var/lib/tollgate \
    && install -d -o 65532 -g 65532 /var/lib/tollgate-handed-out \
    && install -d /etc/tollgate
COPY --from=packages /usr/local/bin/pinned-node /usr/local/bin/node
COPY --from=packages /app/node_modules /app/node_modules
COPY package.json LICENSE /app/
COPY src /app/src
COPY deploy/docker/health.mjs deploy/docker/try.mjs /app/
COPY --chmod=0755 deploy/docker/tollgate /usr/local/bin/tollgate

# Compiles it, starts it once as it will run, makes a call and stops it: what cannot run is no image. What Node.js compiled
# is kept, for this same user and path, since nothing can be written there later.
FROM runtime AS tried
RUN install -d -o 65532 -g 65532 /app/node_modules/.cache/tollgate
USER 65532:65532
RUN ["/usr/local/bin/node", "/app/try.mjs"]

FROM runtime
COPY --from=tried --chown=65532:65532 /app/node_modules/.cache /app/node_modules/.cache
LABEL org.opencontainers.image.title="Tollgate" \
      org.opencontainers.image.description="An LLM gateway that meters, prices and books every call exactly" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="docker.io/library/debian:12.11-slim"
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/node_modules/.cache/tollgate \
    NODE_COMPILE_CACHE_READONLY=1 \
    TOLLGATE_LISTEN=0.0.0.0:4000 \
    TOLLGATE_DATA_DIR=/var/lib/tollgate
# A tollgate.yaml that is mounted here is found without being named; without one, defaults and environment hold.
WORKDIR /etc/tollgate
USER 65532:65532
VOLUME ["/var/lib/tollgate"]
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/node", "/app/health.mjs"]
ENTRYPOINT ["/usr/local/bin/tollgate"]
CMD ["serve"]
