import { overServer } from '../fixture.ts'

overServer('', '?compression_request=1&compression_response=1')
await import('../lost-checkpoint.test.ts')
