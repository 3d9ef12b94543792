"""Certificates for tests, made by openssl: authorities, and what they say of nodes."""
import os
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


class Authority:
    def __init__(self, folder, name="ca"):
        self.folder, self.count = str(folder), 0
        self.pem, self.key = (os.path.join(self.folder, f"{name}.{end}") for end in ("pem", "key"))
        openssl("req", "-x509", *CURVE, "-keyout", self.key, "-out", self.pem, "-subj", f"/CN={name}", "-days", "2")

    def issue(self, name, into=None, usage="serverAuth,clientAuth", begin=None, end=None):
        """The settings of a node whose certificate is for @name; in the folder @into."""
        self.count += 1
        folder = into or os.path.join(self.folder, f"{os.path.basename(self.pem)}-{self.count}")
        os.makedirs(folder, exist_ok=True)
        at = {word: os.path.join(folder, word) for word in ("cert.pem", "key.pem", "ca.pem", "csr", "ext", "db", "conf", "serial")}
        openssl("req", *CURVE, "-keyout", at["key.pem"], "-out", at["csr"], "-subj", "/CN=node")
        with open(at["ext"], "w") as file:
            file.write(f"subjectAltName=DNS:{name}\nextendedKeyUsage={usage}\n")
        open(at["db"], "w").close()
        with open(at["serial"], "w") as file:
            file.write(f"{os.getpid():04X}{self.count:04X}\n"[-9:])
        with open(at["conf"], "w") as file:
            file.write(f"[ca]\ndefault_ca=us\n[us]\ndatabase={at['db']}\nserial={at['serial']}\nnew_certs_dir={folder}\n"
                       "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
        dates = [] if begin is None else ["-startdate", begin, "-enddate", end]
        openssl("ca", "-batch", "-notext", "-config", at["conf"], "-cert", self.pem, "-keyfile", self.key, "-in", at["csr"],
                "-out", at["cert.pem"], "-extfile", at["ext"], *(dates or ["-days", "2"]))
        with open(self.pem) as from_, open(at["ca.pem"], "w") as to:
            to.write(from_.read())
        os.chmod(at["key.pem"], 0o600)
        return {"COGO_TLS_CERT": at["cert.pem"], "COGO_TLS_KEY": at["key.pem"], "COGO_TLS_CA": at["ca.pem"]}
