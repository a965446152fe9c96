import type { Runs, RunsOptions } from './runs.ts'
import { StoreRuns } from './store-runs.ts'

/**
 * Creates runs: answers that continue when the page that asked is reloaded, closed or offline.
 *
 * @example
 * const runs = createRuns()
 * app.post('/answers/:id', async (req, res) => {
 *   res.json(await runs.start(req.params.id, ({ signal }) => answer(req.body.prompt, signal)))
 * })
 * app.get('/answers/:id', (req, res) => runs.follow(res.sse(), req.params.id))
 *
 * @throws SseError ERR_SSE_INVALID_OPTION
 */
export function createRuns(options: RunsOptions = {}): Runs {
  return new StoreRuns(options)
}
