import type { FastifyPluginAsync } from 'fastify'
import type { Departure, Door, TerminalHub } from './terminal-hub.ts'

interface DeparturesOptions {
  hub: TerminalHub
  board: readonly Departure[]
  door: Door
}

/** For everyone: no hook protects these events. */
export const departures: FastifyPluginAsync<DeparturesOptions> = async (scope, { hub, board, door }) => {
  scope.get('/events', (_request, reply) => {
    // A board that is always on: streams stay open as long as possible, and clients need not reconnect quickly.
    const stream = reply.sse({ retry: 3000 })
    // The current state, then the changes from the hub.
    stream.send({ event: 'board', data: board })
    stream.send({ event: 'door', data: door })
    hub.subscribe(stream, ['departures', 'door'])
  })
}
