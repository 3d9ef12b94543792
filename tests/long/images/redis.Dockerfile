# Stands in for the hub's redis:7: Debian's Redis 7.0.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* && mkdir -p /data
WORKDIR /data
VOLUME ["/data"]
EXPOSE 6379
