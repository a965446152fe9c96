import { examples } from '../../scripts/copy-example.mjs'
import { copiesSuite } from './copies-suite.ts'

// And those that use both frameworks.
copiesSuite(examples.filter((example) => !example.startsWith('express-')))
