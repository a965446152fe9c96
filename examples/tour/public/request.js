/** Returns whether the request succeeded. */
export async function request(method, path, body = {}) {
  try {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(path, { method, headers, body: JSON.stringify(body) })
    return response.ok
  } catch {
    // No connection.
    return false
  }
}
