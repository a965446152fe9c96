// node --import: TypeScript, and the sources of our packages as bundle-sources.mjs has made them. tsx does the first too, but
// to start it takes most of a second of CPU, and the tests start some hundred processes.
import module, { register } from 'node:module'
import { load, resolve } from './hooks.mjs'

const registerHooks = 'registerHooks' in module && module.registerHooks
if (typeof registerHooks === 'function') registerHooks({ load, resolve })
else register('./hooks.mjs', import.meta.url)
