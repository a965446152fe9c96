import type { FastifyPluginAsync } from 'fastify'
import type { Door, TerminalHub } from './terminal-hub.ts'

interface CrewOptions {
  hub: TerminalHub
  /** Ids of the sessions that are signed in. */
  sessions: ReadonlySet<string>
  door: Door
  maxAge: number
}

/** For the crew. The hook is encapsulated: it runs for the routes of this plugin and for no others. */
export const crew: FastifyPluginAsync<CrewOptions> = async (scope, { hub, sessions, door, maxAge }) => {
  scope.addHook('onRequest', async (request, reply) => {
    door.ran++
    const signedIn = sessions.has(request.cookies.session ?? '')
    if (!signedIn) door.refused++
    hub.publish('door', { event: 'door', data: door })
    // The response is an ordinary one until reply.sse() is called, so it can be a 401. The browser then stops.
    if (!signedIn) return reply.code(401).send({ error: 'Sign in first' })
  })

  scope.get('/events', (request, reply) => {
    door.opened++
    hub.publish('door', { event: 'door', data: door })
    // A stream outlives its login, so it ends after a while. The browser reconnects at once, and the hook checks it again.
    const stream = reply.sse({ maxAge, retry: 500, headers: { 'Cache-Control': 'no-store' } })
    hub.subscribe(stream, 'crew', { key: request.cookies.session })
  })
}
