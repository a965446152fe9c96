/** The reason why there is no connection. */
export interface ConnectError extends Error {
  /** The HTTP status of the answer. Undefined if there was no answer, or if the connection broke. */
  status?: number | undefined
}

export function connectError(message: string, status?: number): ConnectError {
  return Object.assign(new Error(message), { status })
}
