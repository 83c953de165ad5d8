/** Stands in for a machine on which the library is not installed. */
throw new Error('Cannot find package')
