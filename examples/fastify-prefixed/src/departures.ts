import type { FastifyPluginAsync } from 'fastify'
import type { Departure, Door, TerminalHub } from './terminal-hub.ts'

interface DeparturesOptions {
  hub: TerminalHub
  board: readonly Departure[]
  door: Door
}

/** For everybody: nothing stands in front of these events. */
export const departures: FastifyPluginAsync<DeparturesOptions> = async (scope, { hub, board, door }) => {
  scope.get('/events', (_request, reply) => {
    // A board that is always there: streams stay open as long as they can, and nobody is in a hurry to come back.
    const stream = reply.sse({ retry: 3000 })
    // How things are now, and from the hub how they change.
    stream.send({ event: 'board', data: board })
    stream.send({ event: 'door', data: door })
    hub.subscribe(stream, ['departures', 'door'])
  })
}
