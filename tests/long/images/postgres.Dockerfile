# Stands in for the hub's postgres:15 where no hub can be reached: Debian's PostgreSQL 15, the same three variables, the same volume.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/* \
 && install -d -o postgres -g postgres /var/lib/postgresql/data
COPY postgres-entry.sh /usr/local/bin/
USER postgres
VOLUME ["/var/lib/postgresql/data"]
STOPSIGNAL SIGINT
EXPOSE 5432
ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin
ENTRYPOINT ["bash", "/usr/local/bin/postgres-entry.sh"]
