import { dataPath } from '#store/data-paths.ts'
import type { StartRole } from '../processes/role.ts'
import { composeSimulator } from './simulator.ts'

/** The built-in simulated provider as a role of `tollgate serve`: on a socket in the data directory. */
export const simulatorRole: StartRole = async (config, hooks) => {
  const simulator = await composeSimulator({ socketPath: dataPath(config.dataDir, 'simulatorSocket') })
  hooks.onReady(simulator.address)
  return { stop: () => simulator.close() }
}
