import type { Socket } from 'node:net'

/**
 * Cuts a connection with a RST. While Node sends the end of a connection it cannot reset it (EINVAL): the socket would
 * stay open for good, and the process would not exit. So this waits until the end was sent.
 */
export function resetConnection(socket: Socket): void {
  if (socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished)
    socket.once('finish', () => socket.resetAndDestroy())
  else socket.resetAndDestroy()
}
