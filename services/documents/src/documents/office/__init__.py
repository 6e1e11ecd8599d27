"""Papers of a unit that belong to no petition (机关文书): drafted, approved by four eyes, sealed like all others."""
