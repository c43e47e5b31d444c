# The server in an image of one program: `docker build -t grid-server .`
# What it is built from and how it is run: docs/deploy/container.md

FROM rust:1.95-bookworm AS build
WORKDIR /grid
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/grid/target \
    cargo build --release --locked -p grid-server \
    && deploy/image-root.sh target/release/grid-server /image

# No shell, no package manager, nothing that a user could run but the server.
FROM scratch AS server
LABEL org.opencontainers.image.title="grid-server" \
      org.opencontainers.image.description="An engine for energy communities: from the meter to the bill" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image/root/ /
COPY --from=build --chown=65532:65532 /image/state/ /var/lib/grid/
USER 65532:65532
WORKDIR /var/lib/grid
# Uploads that are larger than memory should hold are kept in TMPDIR, so the rest of the file system may be read-only.
ENV GRID_HOST=0.0.0.0 GRID_LOG_FORMAT=json TMPDIR=/var/lib/grid
VOLUME /var/lib/grid
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/local/bin/grid-server", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/grid-server"]
CMD ["serve"]
