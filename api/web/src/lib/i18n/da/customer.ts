/** Texts of the customer's pages. */
export const customer = {} as const;
