import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Prisma's native engine cannot be downloaded everywhere. Every command asks for one (generate never runs it, prisma/orm #29150),
// so name ours: the same engine as WebAssembly behind the same protocol.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(
  new URL('./scripts/schema-engine.mjs', import.meta.url),
)
process.env.CHECKPOINT_DISABLE ??= '1'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://unset' },
})
