// The upstream of a relay: a separate process that sends tokens, like the API of a model.
import { createServer } from 'node:http'
import { sendTokens } from './send-tokens.mjs'

const server = createServer(sendTokens).listen(0, '127.0.0.1', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit())
