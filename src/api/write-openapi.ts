/** Writes openapi.yaml from the routes: `npm run openapi:write`. A test proves that the committed file is fresh. */
import { writeFile } from 'node:fs/promises'
import type { AppDependencies } from './app.ts'
import { buildApp } from './app.ts'

/** Enough to build the routes; no request is ever answered with it. */
export const documentOnly = { maxUploadBytes: 1, health: {}, models: {} } as AppDependencies

if (import.meta.main) {
  const app = await buildApp(documentOnly)
  await app.ready()
  await writeFile('openapi.yaml', app.swagger({ yaml: true }))
  await app.close()
}
