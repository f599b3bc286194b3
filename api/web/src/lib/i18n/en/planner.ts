/** Texts of the planner's pages. */
export const planner = {} as const;
