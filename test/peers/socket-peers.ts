import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Server } from 'socket.io'
import { type WebSocket, WebSocketServer } from 'ws'
import { chunk, chunks, type Peer } from './peer.ts'

export function socketIo(): Peer {
  const server = createServer()
  const io = new Server(server, { connectionStateRecovery: {} })
  io.on('connection', async (socket) => {
    if (socket.handshake.query.route !== 'flood') return
    for (let n = 0; n < chunks && socket.connected; n++) {
      socket.emit('chunk', chunk)
      await sleep(0)
    }
  })
  return {
    server,
    publish: (title) => void io.emit('news', { title }),
    sourceStopped: () => false,
    end: () => void io.close(),
  }
}

export function webSockets(): Peer {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', async (socket, request) => {
    if (request.url !== '/flood') return
    for (let n = 0; n < chunks && socket.readyState === socket.OPEN; n++) {
      socket.send(chunk)
      await sleep(0)
    }
  })
  return {
    server,
    publish: (title) => {
      for (const socket of sockets.clients as Set<WebSocket>) socket.send(JSON.stringify({ title }))
    },
    sourceStopped: () => false,
    end: () => sockets.close(),
  }
}
