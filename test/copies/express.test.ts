import { examples } from '../../scripts/copy-example.mjs'
import { copiesSuite } from './copies-suite.ts'

copiesSuite(examples.filter((example) => example.startsWith('express-')))
