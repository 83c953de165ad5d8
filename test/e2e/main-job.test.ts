import { expect, test } from 'vitest'
import { HttpClient } from '../support/http-client.ts'
import { useService } from '../support/service.ts'
import { foldedJob } from '../support/small-jobs.ts'

const service = useService()
const client = new HttpClient(() => service().url)
test('t', async () => {
  const job = await client.run(foldedJob())
  const report = await client.send('GET', `/v1/jobs/${job.id}/report`)
  console.log(JSON.stringify(job, null, 1).slice(0, 200000))
  console.log(JSON.stringify(report.body, null, 1))
  console.log(
    JSON.stringify((await client.send('GET', `/v1/jobs/${job.id}/metrics`)).body.data[0], null, 1),
  )
  console.log(
    JSON.stringify((await client.send('GET', `/v1/models/${job.models.student}`)).body, null, 1),
  )
})
