/** Stands in for native code that a model takes down. */
process.on('message', () => process.kill(process.pid, 'SIGSEGV'))
process.send?.({ type: 'loaded' })
