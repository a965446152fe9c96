import { chatAiSuite } from '../../../test/browser/chat-ai-suite.ts'

chatAiSuite('express-chat-ai')
