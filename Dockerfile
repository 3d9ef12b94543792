# The image of cogo. Builds with docker, buildah and podman; from Debian packages alone.
#   docker build -t cogo:dev .                      runtime: the program and the libraries it needs
#   docker build -t cogo-toolbox:dev --target toolbox .   and compilers, analyzers, git: for workers that judge code
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY deploy/packages.sh deploy/packages.sh
RUN bash deploy/packages.sh build
COPY . .
RUN scons -Q -s -j"$(nproc)" werror=0 install prefix=/usr destdir=/out \
 && strip --strip-unneeded /out/usr/bin/cogo \
 && rm -rf /out/usr/lib /out/usr/include

# What runs, as a folder: libraries go in by package, what no program of ours reads goes out.
FROM ${BASE} AS rootfs
COPY deploy/image /deploy/image
RUN bash /deploy/image/packages.sh runtime && bash /deploy/image/slim.sh /rootfs
COPY --from=build /out/ /rootfs/
COPY --from=build /src/runtime/VERSION /deploy/VERSION
RUN bash /deploy/image/sbom.sh /rootfs "$(cat /deploy/VERSION)" >/rootfs/usr/share/cogo/sbom.spdx.json

FROM scratch AS runtime
COPY --from=rootfs /rootfs/ /
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cogo" \
      org.opencontainers.image.description="Actors that do a team's work: orchestrator, role workers and client" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
ENV PATH=/usr/bin:/bin LANG=C.UTF-8 COGO_DATA=/var/lib/cogo COGO_LISTEN=0.0.0.0:3000 COGO_LOG_FORMAT=json
USER 1001:1001
WORKDIR /var/lib/cogo
VOLUME ["/var/lib/cogo"]
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 CMD ["cogo", "healthcheck"]
ENTRYPOINT ["cogo"]
CMD ["dev"]

# Workers that build and judge source trees drive these; the workspace belongs to the worker's user.
FROM ${BASE} AS toolbox
COPY deploy/image /deploy/image
RUN bash /deploy/image/packages.sh runtime toolbox \
 && groupadd --gid 1001 cogo \
 && useradd --uid 1001 --gid 1001 --home-dir /var/lib/cogo --shell /usr/sbin/nologin cogo \
 && install -d -o 1001 -g 1001 -m 0750 /var/lib/cogo /workspace
COPY --from=build /out/ /
COPY --from=build /src/runtime/VERSION /deploy/VERSION
RUN mkdir -p /usr/share/cogo && bash /deploy/image/sbom.sh / "$(cat /deploy/VERSION)" >/usr/share/cogo/sbom.spdx.json
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cogo-toolbox" \
      org.opencontainers.image.description="cogo with compilers and analyzers for workers that judge code" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
ENV LANG=C.UTF-8 COGO_DATA=/var/lib/cogo COGO_LISTEN=0.0.0.0:3000 COGO_LOG_FORMAT=json TMPDIR=/workspace
USER 1001:1001
WORKDIR /workspace
VOLUME ["/var/lib/cogo", "/workspace"]
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 CMD ["cogo", "healthcheck"]
ENTRYPOINT ["cogo"]
CMD ["dev"]

# The last stage is what a plain `docker build .` makes.
FROM runtime
