import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generate } from 'selfsigned'

const [keyFile, certificateFile] = ['key.pem', 'cert.pem'].map((name) =>
  fileURLToPath(new URL(`../${name}`, import.meta.url)),
) as [string, string]

/** key.pem and cert.pem of this app. Made at the first start, for localhost: browsers speak HTTP/2 with TLS only. */
export async function readCertificate(): Promise<{ key: Buffer; cert: Buffer }> {
  if (!existsSync(keyFile)) {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }])
    writeFileSync(certificateFile, cert)
    writeFileSync(keyFile, key, { mode: 0o600 })
  }
  return { key: readFileSync(keyFile), cert: readFileSync(certificateFile) }
}
