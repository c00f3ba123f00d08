export const handler = async () => "new"
