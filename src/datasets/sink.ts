/** Where parsed features go. */
export interface FeatureSink {
  /**
   * Takes the next bytes of the features: row-major, little-endian. The reader goes on when the promise is fulfilled and
   * never touches the chunk again.
   */
  write(chunk: Uint8Array): Promise<void>
}
