#!/usr/bin/env bash
# sbom.sh ROOT VERSION: the Debian packages in ROOT and cogo itself, as SPDX 2.3 JSON on stdout.
set -euo pipefail
root=${1:?} version=${2:?}
status=$root/var/lib/dpkg/status

awk -v version="$version" '
function flush_package() {
    if (name == "" || state !~ /installed$/) return
    id = name; gsub(/[^A-Za-z0-9.-]/, "-", id)
    out = out sprintf(",\n  {\"SPDXID\": \"SPDXRef-deb-%s\", \"name\": \"%s\", \"versionInfo\": \"%s\", \"supplier\": \"Organization: Debian\", " \
        "\"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", " \
        "\"referenceType\": \"purl\", \"referenceLocator\": \"pkg:deb/debian/%s@%s?arch=%s\"}]}", id, name, ver, name, ver, arch)
    links = links sprintf(",\n  {\"spdxElementId\": \"SPDXRef-cogo\", \"relationshipType\": \"DEPENDS_ON\", \"relatedSpdxElement\": \"SPDXRef-deb-%s\"}", id)
}
/^Package: / { name = $2 } /^Version: / { ver = $2 } /^Architecture: / { arch = $2 } /^Status: / { state = $0 }
/^$/ { flush_package(); name = ver = arch = state = "" }
END {
    flush_package()
    printf "{\n \"spdxVersion\": \"SPDX-2.3\", \"dataLicense\": \"CC0-1.0\", \"SPDXID\": \"SPDXRef-DOCUMENT\", \"name\": \"cogo-%s\",\n", version
    printf " \"documentNamespace\": \"urn:cogo:sbom:%s\",\n", version
    printf " \"creationInfo\": {\"created\": \"%s\", \"creators\": [\"Tool: cogo deploy/image/sbom.sh\"]},\n", strftime("%Y-%m-%dT%H:%M:%SZ", systime(), 1)
    printf " \"packages\": [\n  {\"SPDXID\": \"SPDXRef-cogo\", \"name\": \"cogo\", \"versionInfo\": \"%s\", \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false}%s\n ],\n", version, out
    printf " \"relationships\": [\n  {\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"SPDXRef-cogo\"}%s\n ]\n}\n", links
}' "$status"
