// @ts-check
import { connect } from 'node:net'

const TIMEOUT_MS = 2000

/**
 * Logs in and pings: true only for a server that has our password and has loaded its data.
 * @param {number} port
 * @param {string} password
 * @returns {Promise<boolean>}
 */
export function redisAnswers(port, password) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let text = ''
    /** @param {boolean} answer */
    const done = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(TIMEOUT_MS, () => done(false))
    socket.on('error', () => done(false)).on('close', () => done(false))
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`))
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
      if (text.split('\r\n').length > 2) done(text === '+OK\r\n+PONG\r\n')
    })
  })
}
