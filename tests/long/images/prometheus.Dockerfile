# Stands in for the hub's prom/prometheus: Debian's Prometheus.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends prometheus && rm -rf /var/lib/apt/lists/* && mkdir -p /prometheus
VOLUME ["/prometheus"]
EXPOSE 9090
ENTRYPOINT ["prometheus"]
